"""Who answers for which ground: the registry, the routing question, the site and its pages."""
