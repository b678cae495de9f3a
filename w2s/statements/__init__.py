"""What holds and what is printed, as SymPy expressions; the rules of traces."""

__all__ = ["printed", "symbolic", "traces"]
