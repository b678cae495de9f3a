"""The build's own steps. `python -m tools.build --help` lists what a person may call."""
