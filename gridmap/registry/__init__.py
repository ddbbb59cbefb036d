"""Pages of the registry: editions of boundaries, rosters, advice on sizes; for its keepers."""
