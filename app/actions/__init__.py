"""Everything that staff can do, each declared once."""
