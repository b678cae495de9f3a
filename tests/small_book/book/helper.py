"""What the small chapter imports."""

NUMBER = 41
