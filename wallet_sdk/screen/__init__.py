"""Kivy pieces that the terminal and the demo wallet share. Call `environment.prepare` before importing the others."""
