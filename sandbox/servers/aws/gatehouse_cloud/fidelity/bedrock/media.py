"""Checks the images and documents of a conversation: number, size, and whether the bytes are of the format named.

Limits: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html
"""

import base64
import re
import struct
from collections.abc import Iterator

from gatehouse_cloud.fidelity.bedrock import turns
from gatehouse_cloud.fidelity.bedrock.families import Family
from gatehouse_cloud.fidelity.bedrock.refusals import Refused, by_model, unsupported

MOST_IMAGES, IMAGE_BYTES, IMAGE_PIXELS = 20, 3_932_160, 8_000
MOST_DOCUMENTS, DOCUMENT_BYTES = 5, 4_718_592
DOCUMENT_NAME = re.compile(r"(?!.*\s\s)[a-zA-Z0-9\s()\[\]-]+")


def check(messages: list[dict], family: Family) -> None:
    """Refuse images and documents that Bedrock or the family's models don't accept."""
    images = list(_blocks(messages, "image"))
    documents = list(_blocks(messages, "document"))
    if images and not family.images:
        raise unsupported("image")
    if documents and not family.documents:
        raise unsupported("document")
    if len(images) > MOST_IMAGES:
        raise Refused(f"The conversation has {len(images)} images. The maximum number of images is {MOST_IMAGES}.")
    if len(documents) > MOST_DOCUMENTS:
        raise Refused(
            f"The conversation has {len(documents)} documents. The maximum number of documents is {MOST_DOCUMENTS}."
        )
    for place, image in images:
        _image(place, image)
    for place, document in documents:
        _document(place, document)
    for message in messages:
        if any("document" in block for block in message["content"]) and not any(
            "text" in block for block in message["content"]
        ):
            raise Refused("A text block must be included when using documents.")


def _blocks(messages: list[dict], kind: str) -> Iterator[tuple[str, dict]]:
    yield from turns.blocks(messages, kind)
    for place, result in turns.blocks(messages, "toolResult"):
        for number, block in enumerate(result["content"]):
            if block.get(kind) is not None:
                yield f"{place}.toolResult.content.{number}", block[kind]


def _bytes(place: str, source: dict) -> bytes:
    if "bytes" not in source:
        raise Refused(f"The source at {place} must be bytes; here are no objects of S3.")
    return base64.b64decode(source["bytes"])


def _image(place: str, image: dict) -> None:
    data, declared = _bytes(place, image["source"]), image["format"]
    if len(data) > IMAGE_BYTES:
        raise Refused(f"The image at {place} is larger than 3.75 MB. Reduce the size of the image and try again.")
    actual = image_format(data)
    if actual is None:
        raise by_model("Could not process image")
    if actual != declared:
        raise by_model(
            f"{place}.image.source.base64.data: The image was specified using the image/{declared} media type, "
            f"but the image appears to be a image/{actual} image"
        )
    size = dimensions(data, actual)
    if size is None:
        raise by_model("Could not process image")
    if max(size) > IMAGE_PIXELS:
        raise by_model(
            f"{place}.image.source.base64.data: At least one of the image dimensions exceed max allowed size: "
            f"{IMAGE_PIXELS} pixels"
        )


def image_format(data: bytes) -> str | None:
    """Return the format of an image by its first bytes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return None


def dimensions(data: bytes, kind: str) -> tuple[int, int] | None:
    """Return width and height of an image, if its head is complete."""
    try:
        return {"png": _png, "jpeg": _jpeg, "gif": _gif, "webp": _webp}[kind](data)
    except (struct.error, IndexError):
        return None


def _png(data: bytes) -> tuple[int, int]:
    return struct.unpack_from(">II", data, 16)


def _gif(data: bytes) -> tuple[int, int]:
    return struct.unpack_from("<HH", data, 6)


def _jpeg(data: bytes) -> tuple[int, int]:
    position = 2
    while True:
        marker, length = data[position + 1], struct.unpack_from(">H", data, position + 2)[0]
        # The frame headers are SOF0 to SOF15, without DHT, JPG and DAC, which lie between them.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        position += 2 + length


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _document(place: str, document: dict) -> None:
    if not DOCUMENT_NAME.fullmatch(document["name"]):
        raise Refused(
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
            "parentheses, and square brackets. The name can't contain more than one consecutive whitespace character. "
            "Check that the file name conforms to these restrictions and retry your request."
        )
    if "text" in document["source"]:
        return
    data = _bytes(place, document["source"])
    if len(data) > DOCUMENT_BYTES:
        raise Refused(f"The document at {place} is larger than 4.5 MB. Reduce the size of the document and try again.")
    if document.get("format") == "pdf" and not data.startswith(b"%PDF-"):
        raise by_model("The PDF specified was not valid.")
