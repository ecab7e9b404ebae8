"""Risk rules: a declarative file, a pure decision over facts, an explanation. The service gathers facts and acts.

risk.toml ─ file.py ─> RiskPolicy ─┐
                                   ├─ decision.decide ─> Decision (refused or not, and why, rule by rule)
ledger ─ service ─> RiskFacts ─────┘
"""
