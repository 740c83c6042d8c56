"""The authors' own release of the two public data sets (UMT, ACL 2020): where it is, and what its files are."""

from dataclasses import dataclass

BASE = "https://raw.githubusercontent.com/jefferyYu/UMT/f478ee65564b5532319a6cc643203149acfc5eed/data"
"""The last commit of the repository's master; the files have not changed since they were added."""

REPOSITORY = "https://github.com/jefferyYu/UMT"
PICTURES = "https://drive.google.com/file/d/1PpvvncnQkgDNeBMKVgG2zFYuRhbL873g/view"
"""The pictures of both data sets, as the repository's README names them."""

TERMS = (
    f"The texts are Twitter posts, published for research in {REPOSITORY}; the repository has no licence file.",
    "Its README says: using these two datasets means you have read and accepted the copyrights set by Twitter and"
    " dataset providers. Do not pass the files on.",
)
UMT = (
    "Yu, Jiang, Yang, Xia: Improving Multimodal Named Entity Recognition via Entity Span Detection with Unified"
    " Multimodal Transformer. ACL 2020"
)


@dataclass(frozen=True, slots=True)
class Release:
    """One data set: the SHA-256 of each split's file, and the papers to cite."""

    sha256: dict[str, str]
    cite: tuple[str, ...]


RELEASES = {
    "twitter2015": Release(
        {
            "train": "a6246e37aa1c8acd738747fa8257e01775f2a1cc0d4f36f82f9d41d6246ad6fa",
            "valid": "9dcc7f9df7331de3c9cdf67a3450e041c41c6254b5e43925c576e2dfaaabe2ad",
            "test": "edb2665b89bfe58bca06a2c10b9b31cbfa95456135b6a4cbf55c872e48d9b8f9",
        },
        ("Zhang, Fu, Liu, Huang: Adaptive Co-attention Network for Named Entity Recognition in Tweets. AAAI 2018", UMT),
    ),
    "twitter2017": Release(
        {
            "train": "801e149e8635b19d66b4ec1212c329be340ada501b35c5fa55455fb6f53633be",
            "valid": "41b5db90cb32059c14c2c3ccd50845fb77f1e3d3e4f7d0c210a61bc507d8a73e",
            "test": "a7d9e172ae85bd3e35276eb2b01ce223321bdc92a47b234e24305d72e7a05243",
        },
        (
            "Lu, Neves, Carvalho, Zhang, Ji: Visual Attention Model for Name Tagging in Multimodal Social Media."
            " ACL 2018",
            UMT,
        ),
    ),
}


def pictures_advice(name: str) -> str:
    """What somebody does who has not the pictures of the data set `name`, with the address that its own page gives."""
    where = PICTURES if name in RELEASES else f"the page of {name}"
    return f"Get them where the data set's authors put them ({where}), then --images FOLDER"
