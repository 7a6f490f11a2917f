"""Whom Engine Room is measured against: each as its own documentation says, at its best."""
