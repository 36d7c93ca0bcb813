"""How the languages that Django formats otherwise write numbers (Django's FORMAT_MODULE_PATH)."""
