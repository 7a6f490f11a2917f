"""What operations ask for, and what serves the application."""
