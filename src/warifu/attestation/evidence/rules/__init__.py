"""The rules of each evidence format as tables: code, clause, sentence, what it proves."""
