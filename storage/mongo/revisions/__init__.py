"""The revisions, each the twin of Alembic's with the same id; found by their names, and importing nothing of ours."""
