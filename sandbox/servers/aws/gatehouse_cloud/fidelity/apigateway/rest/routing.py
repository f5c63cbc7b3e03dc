"""Chooses the resource and method of a REST API for a request.

API Gateway decides on both together: a resource without the method, or an ANY method, doesn't keep a request from
another one whose path is less specific. Literal parts of a path take precedence over variables, and these over a greedy
variable, which takes at least one character. A slash at the end is a part of its own. ANY stands for seven methods.
"""

from urllib.parse import unquote

ANY = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def match(resources: dict, method: str, path: str) -> tuple[dict, str, dict[str, str]] | None:
    """Return resource, the name of its method (ANY for an ANY method) and the path's parameters; None for no match."""
    segments = path[1:].split("/") if path != "/" else []
    best, found = None, None
    for resource in resources.values():
        methods = resource["resourceMethods"]
        name = method if method in methods else "ANY"
        if name not in methods or method not in ANY:
            continue
        fit = _fit(resource["path"], segments)
        if fit and (best is None or fit[0] < best):
            best, found = fit[0], (resource, name, fit[1])
    return found


def _fit(template: str, segments: list[str]) -> tuple[list[int], dict[str, str]] | None:
    """Return how specific a path's template is for a request, part by part and lower for more, and its parameters."""
    ranks: list[int] = []
    parameters: dict[str, str] = {}
    parts = [part for part in template.split("/") if part]
    for position, part in enumerate(parts):
        if part.endswith("+}"):
            rest = "/".join(segments[position:])
            return ([*ranks, 2], {**parameters, part[1:-2]: unquote(rest)}) if rest else None
        if position >= len(segments):
            return None
        if part.startswith("{"):
            if not segments[position]:
                return None
            ranks.append(1)
            parameters[part[1:-1]] = unquote(segments[position])
        elif part == segments[position]:
            ranks.append(0)
        else:
            return None
    return (ranks, parameters) if len(parts) == len(segments) else None
