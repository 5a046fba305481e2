"""What runs inside a script's process: checkpoints and curves for training that has none.

Loaded into the script's own Python, which can be older than hprun's and has no hprun: so this
imports nothing of hprun, needs the standard library alone, and stays within Python 3.8. Numpy
and the frameworks are imported in functions, where the script has imported them already.
"""
