"""The explorers: pictures that follow their sliders in the browser."""
