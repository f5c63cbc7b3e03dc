"""A check of schemathesis for requests that the description allows and the API rejects.

A JSON schema can't express what a model supports, nor that each call of a tool has one result. schemathesis.toml therefore
allows 422 for such requests; here it is allowed only where such a rule may be the reason.
"""

import schemathesis

# Rejections by the model, which may follow for any request that is valid.
BY_THE_MODEL = {"unsupported_by_model", "rejected_by_model"}

# Paths at which the messages have rules that the schema can't express.
WITH_OTHER_RULES = {"/chat/completions"}


@schemathesis.check
def rejected_by_a_rule_beyond_the_schema(ctx, response, case):
    if (
        response.status_code != 422
        or not case.meta.generation.mode.is_positive
        or case.operation.path in WITH_OTHER_RULES
    ):
        return
    code = response.json()["code"]
    assert code in BY_THE_MODEL, f"the description allows the request, and the API rejects it as {code}"
