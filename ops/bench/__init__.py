"""How fast is it? One module a figure, each with its floor measured in the same run; `python -m ops.bench`."""
