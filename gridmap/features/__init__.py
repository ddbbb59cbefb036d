"""Collections of features and the ways they go out: one kit that knows no model of its own."""
