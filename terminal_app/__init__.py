"""The merchant's terminal: shows payment requests, scans intents, keeps the journal, sends captures."""
