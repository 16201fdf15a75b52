"""Money as text: exact decimals by the minor units of ISO 4217, never by way of a float."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warifu.authentication.transaction.value import Amount

MAX_MINOR = (1 << 53) - 1
"""What every language reads without losing a digit."""

_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
    "GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL "
    "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK "
    "PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
EXPONENTS: dict[str, int] = {
    code: exponent for exponent, codes in _BY_EXPONENT.items() for code in codes.split()
}
"""Digits after the decimal point. A code that was once here stays: old texts are made again."""


def decimal(amount: Amount) -> str:
    """The amount as an exact decimal with all its minor digits, not grouped: ``1234567.89``.

    The currency must be one of `EXPONENTS`.
    """
    return _pointed(amount, "d")


def grouped(amount: Amount) -> str:
    """The same with thousands grouped by commas, for people: ``1,234,567.89``."""
    return _pointed(amount, ",d")


def _pointed(amount: Amount, form: str) -> str:
    exponent = EXPONENTS[amount.currency]
    whole, rest = divmod(amount.minor, 10**exponent)
    return f"{whole:{form}}.{rest:0{exponent}d}" if exponent else f"{whole:{form}}"
