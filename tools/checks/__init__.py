"""What looks at the built book: a browser, links, Binder's path."""
