// The table of the strongest engines as a picture: a bar each, lying, so that the titles can be read.

const rows = [...document.querySelectorAll("#figures tbody tr")];
const titles = rows.map((row) => row.querySelector("th").textContent.trim());
const thrusts = rows.map((row) => Number(row.querySelector("data").value));
const chart = document.getElementById("chart");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let plot;

function shortened(title, length) {
  const characters = [...title];
  return characters.length > length ? characters.slice(0, length - 1).join("") + "…" : title;
}

function widest(labels, font) {
  const context = document.createElement("canvas").getContext("2d");
  context.font = font;
  return Math.ceil(Math.max(...labels.map((label) => context.measureText(label).width)));
}

function draw() {
  plot?.destroy();
  const style = getComputedStyle(chart);
  const colour = (name) => style.getPropertyValue(name).trim();
  const width = chart.clientWidth;
  const labels = titles.map((title) => shortened(title, width < 480 ? 12 : 24));
  const font = `13px ${style.fontFamily}`;
  const compact = new Intl.NumberFormat("en", { notation: "compact" });
  plot = new uPlot(
    {
      width,
      height: 44 + rows.length * 30,
      cursor: { show: false },
      legend: { show: false },
      padding: [8, 16, 0, 0],
      scales: {
        x: { time: false, ori: 1, dir: -1, range: [-0.5, rows.length - 0.5] },
        y: { ori: 0, range: (self, low, high) => uPlot.rangeNum(Math.min(0, low), Math.max(1, high), 0.05, true) },
      },
      axes: [
        {
          side: 3,
          size: widest(labels, font) + 10,
          gap: 10,
          font,
          stroke: colour("--pico-color"),
          grid: { show: false },
          ticks: { show: false },
          splits: () => labels.map((_, index) => index),
          values: () => labels,
        },
        {
          side: 2,
          font,
          stroke: colour("--pico-muted-color"),
          grid: { stroke: colour("--pico-muted-border-color"), width: 1 },
          ticks: { show: false },
          space: 70,
          values: (self, splits) => splits.map((value) => compact.format(value)),
        },
      ],
      series: [
        {},
        {
          fill: colour("--engine-accent"),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.62, 22], radius: 0.2 }),
        },
      ],
    },
    [thrusts.map((_, index) => index), thrusts],
    chart,
  );
}

chart.hidden = false;
document.getElementById("figures").open = false;
draw();
let width = chart.clientWidth;
new ResizeObserver(() => {
  if (chart.clientWidth !== width) draw();
  width = chart.clientWidth;
}).observe(chart);
dark.addEventListener("change", draw);
