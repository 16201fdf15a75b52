"""The reference terminal: today a simulated device that makes evidence of every format.

Honest by default; every field can be changed, and what was changed is signed again, so that exactly
one thing is wrong. It speaks wire protocols and shares nothing with the verifier but `base.codec`.
"""
