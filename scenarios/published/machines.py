# SPDX-License-Identifier: Apache-2.0
"""GPUs and networks of published tables: their names in the catalog, and what such machines usually have where a cell is empty.

Sources spell one thing in many ways (A100 80G, A100-80GB-SXM, NVIDIA A100-SXM4-80GB). The second value of an answer says what was assumed.
"""

import re

from words import NotExpressed

# Names that the rules below would read otherwise.
EXACT_GPUS = {"H100-96GB-HBM2e (500W, 2.4TB/s)": "h100-sxm5-96gb-500w",
              "A800/A100-80GB-SXM (both names used)": "a100-sxm4-80gb"}
# Chip -> (form, memory in GB) -> name in the catalog; the first entry where form or memory is not said.
CHIPS = {
    "gb200": {}, "gh200": {("sxm", 96): "gh200-96gb"}, "b200": {("sxm", 180): "b200-sxm-180gb", ("sxm", 192): "b200-sxm-180gb"},
    "h200": {("sxm", 141): "h200-sxm-141gb"}, "h20": {("sxm", 96): "h20-sxm-96gb"},
    "h800": {("sxm", 80): "h800-sxm5-80gb"}, "h100": {("sxm", 80): "h100-sxm5-80gb", ("pcie", 80): "h100-pcie-80gb"},
    "a800": {("sxm", 80): "a800-sxm4-80gb"},
    "a100": {("sxm", 80): "a100-sxm4-80gb", ("sxm", 40): "a100-sxm4-40gb", ("pcie", 80): "a100-pcie-80gb"},
    "v100": {("sxm", 32): "v100-sxm2-32gb"}, "l40s": {("pcie", 48): "l40s-48gb"}, "mi300x": {("sxm", 192): "mi300x-192gb"},
}
# Substring of an `interconnect` cell -> network of the catalog.
NETWORKS = [
    ("8x200Gb/s RoCE", "roce-8x200g"), ("8x200Gb/s HDR", "ib-8x200g"), ("800Gb/s per node", "roce-4x200g"),
    ("8x400Gb/s NDR", "ib-8x400g"), ("4x100Gb/s Omni-Path", "omnipath-4x100g"), ("InfiniBand 400Gb/s", "ib-8x400g"),
    ("1600Gb/s RoCE", "roce-8x200g"), ("inter-node unstated", "ib-8x400g"), ("4x HDR200", "hdr200-4x"), ("4x HDR-200", "hdr200-4x"),
    ("JUWELS", "hdr200-4x"), ("8x400Gb/s RDMA", "ib-8x400g"), ("EFA 400 ", "efa-400g"), ("RoCE RDMA (rate unstated)", "roce-8x200g"),
]
CATALOG_NETWORKS = {("ib", 8, 200): "ib-8x200g", ("ib", 8, 400): "ib-8x400g", ("roce", 8, 200): "roce-8x200g",
                    ("roce", 4, 200): "roce-4x200g", ("ib", 4, 200): "hdr200-4x", ("ib", 1, 400): "ndr400-1x",
                    ("efa", 4, 100): "efa-400g", ("efa", 8, 400): "efa-8x400g", ("efa", 32, 100): "efa-8x400g",
                    ("efa", 16, 200): "efa-16x200g"}
INFINIBAND = {"EDR": 100, "HDR100": 100, "HDR": 200, "NDR200": 200, "NDR": 400}  # Gb/s of a port
# What nodes of this chip usually have, where a source does not say: NVIDIA's DGX systems. Ports, Gb/s of one.
USUAL_PORTS = {"v100": (4, 100), "a100": (8, 200), "a800": (8, 200)}


def chip_of(text):
    return next((chip for chip in CHIPS if re.search(rf"(?<![a-z0-9]){chip}(?![0-9])", text.lower())), None)


def gpu_of(text):
    """Name in the catalog."""
    text = text.split(" (paper")[0].strip()
    if text in EXACT_GPUS:
        return EXACT_GPUS[text]
    chip, memory = chip_of(text), re.search(r"(\d+)\s*G", re.sub(r"\b[GB]*[HBLAV]+\d+", "", text))
    form = "pcie" if re.search(r"pci-?e", text.lower()) else "nvl" if "NVL" in text and "NVLink" not in text else "sxm"
    for (its_form, its_memory), name in (CHIPS[chip] if chip else {}).items():
        if (chip == "l40s" or its_form == form) and (memory is None or int(memory[1]) == its_memory):
            return name
    raise NotExpressed(f"GPU {text or '(not stated)'} is not in the catalog")


def network(kind, ports, rate):
    """Catalog name, or the mapping of a network that the catalog lacks."""
    return CATALOG_NETWORKS.get((kind, ports, rate), {"nics_per_node": ports, "bandwidth": f"{rate} Gb/s"})


def network_of(interconnect, gpu, gpus_per_node):
    """Network between nodes, and what is assumed of it."""
    for part, name in NETWORKS:
        if part in interconnect:
            return name, []
    kind = "efa" if "EFA" in interconnect else "roce" if "RoCE" in interconnect else "ib"
    ports = re.search(r"(\d+)\s*[x×]\s*(?:(\d+)\s*Gb|(EDR|HDR100|HDR|NDR200|NDR))", interconnect)
    if ports:
        return network(kind, int(ports[1]), int(ports[2]) if ports[2] else INFINIBAND[ports[3]]), []
    rate = re.search(r"(\d+(?:\.\d+)?)\s*(Gb|Tb)", interconnect)
    word = re.search(r"EDR|HDR100|HDR|NDR200|NDR", interconnect)
    if rate or word:
        total = round(float(rate[1]) * (1000 if rate[2] == "Tb" else 1)) if rate else INFINIBAND[word[0]]
        if re.search(r"per node|a node|/node", interconnect) or total > 400:
            port = 100 if kind == "efa" and total <= 400 else 200 if total <= 1600 else 400
            return network(kind, max(1, total // port), min(port, total)), [f"{total} Gb/s a node in ports of {min(port, total)}"]
        return network(kind, gpus_per_node, total), ["one port a GPU, where only a port's rate is given"]
    count, rate = USUAL_PORTS.get(gpu.split("-")[0], (8, 400))
    return network("ib", count, rate), [f"network: InfiniBand, {count} x {rate} Gb/s a node, as such machines have (not stated)"]


def cluster_of(gpu, gpus, gpus_per_node, interconnect):
    """The section `cluster`, and what is assumed of it."""
    cluster = {"gpu": gpu_of(gpu), "gpus": gpus, "gpus_per_node": gpus_per_node}
    if gpus <= gpus_per_node:
        return cluster, []
    cluster["network"], assumed = network_of(interconnect, cluster["gpu"], gpus_per_node)
    return cluster, assumed
