"""What is kept elsewhere of a log: archives, bundles, and the rule that says how long."""
