"""Makers of TPMs by their registered identifiers (TCG TPM Vendor ID Registry, family 2.0)."""

from __future__ import annotations

MANUFACTURERS = {
    "414D4400": "AMD",
    "414E5400": "Ant Group",
    "41544D4C": "Atmel",
    "4252434D": "Broadcom",
    "4353434F": "Cisco",
    "464C5953": "Flyslice Technologies",
    "474F4F47": "Google",
    "48495349": "Huawei",
    "48504500": "Hewlett Packard Enterprise",
    "48504900": "HPI",
    "49424D00": "IBM",
    "49465800": "Infineon",
    "494E5443": "Intel",
    "4C454E00": "Lenovo",
    "4D534654": "Microsoft",
    "4E534700": "NSING",
    "4E534D20": "National Semiconductor",
    "4E544300": "Nuvoton Technology",
    "4E545A00": "Nationz",
    "51434F4D": "Qualcomm",
    "524F4343": "Fuzhou Rockchip",
    "53454345": "SecEdge",
    "5345414C": "Wisekey",
    "534D534E": "Samsung",
    "534D5343": "SMSC",
    "534E5300": "Sinosun",
    "53544D20": "STMicroelectronics",
    "54584E00": "Texas Instruments",
    "57454300": "Winbond",
}
"""Four octets in upper-case hex, to the maker's name."""
