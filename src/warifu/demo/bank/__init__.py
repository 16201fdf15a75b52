"""A bank to touch: pages for a phone-sized browser, and the backend behind them."""
