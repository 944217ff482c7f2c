"""Everything that speaks to another system."""
