"""Chapters and their records: nbval on chapters, and what writes a record."""
