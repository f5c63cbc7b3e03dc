"""Images and a document for the tests, as bytes."""

import base64

# Of one color each: blue, red, green and yellow.
IMAGES = {
    "png": (
        "blue",
        "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGUlEQVR4nGNkYPjPQApgIkn1qIZRDUNKAwA+MAEfWiW9ygAAAABJRU5ErkJggg==",
    ),
    "jpeg": (
        "red",
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeX"
        "BkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAQ"
        "ABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAABAb/xA"
        "AUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCUAArX/9k=",
    ),
    "gif": (
        "green",
        "R0lGODdhEAAQAIEAABSgKAAAAAAAAAAAACwAAAAAEAAQAEAIHQABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFgQEBADs=",
    ),
    "webp": ("yellow", "UklGRh4AAABXRUJQVlA4TBEAAAAvD8ADAAfQ8NYXpf+BiOh/AAA="),
}

PNG = base64.b64decode(IMAGES["png"][1])

_PAGE = b"BT /F1 24 Tf 40 100 Td (Annual report) Tj ET"


def _pdf() -> bytes:
    """Return a document of one page that says "Annual report"."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(_PAGE), _PAGE),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    file, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return file + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(file),
    )


PDF = _pdf()


def data_url(media_type: str, data: bytes | str) -> str:
    """Return a data URL of bytes, or of what is in base64 already."""
    encoded = data if isinstance(data, str) else base64.b64encode(data).decode()
    return f"data:{media_type};base64,{encoded}"
