"""What chapters import for their pages: figures' look, verdicts."""
