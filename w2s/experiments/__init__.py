"""Draws that could disagree with the theory."""
