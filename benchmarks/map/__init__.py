"""The live map in a real browser, against MapLibre's own layer and Plotly's, on the product's own feed."""
