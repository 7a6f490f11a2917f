"""``python -m storage``."""

from storage.cli import commands

if __name__ == "__main__":
    commands(prog_name="python -m storage")
