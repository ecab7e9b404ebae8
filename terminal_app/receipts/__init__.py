"""Receipts and reports on paper: what stands on them, in the payer's or the shop's language, and as PDF."""

from terminal_app.receipts.papers import Edition, Letterhead, Training, refund_paper, report_paper, sale_paper

__all__ = ["Edition", "Letterhead", "Training", "refund_paper", "report_paper", "sale_paper"]
