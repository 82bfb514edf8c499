"""JSON Schemas of the YAML files people write, and the reader that knows the line of every value."""
