"""The budgets, one module each, measured beside peers in the same run: ``python -m benchmarks [NAME…]``."""
