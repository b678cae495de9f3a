"""What the site needs of Sphinx beyond Jupyter Book."""
