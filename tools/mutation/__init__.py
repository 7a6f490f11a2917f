"""Mutation testing of ``storage/`` and ``webapp/``: Cosmic Ray makes the mutants, this package runs a sample."""
