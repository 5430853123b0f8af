"""How do decisions last, and what is made of them? Event sourcing: stories, tables, sagas."""
