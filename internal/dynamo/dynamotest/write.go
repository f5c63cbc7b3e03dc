package dynamotest

import (
	"context"
	"errors"
	"slices"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// write is a parsed write of one item.
type write struct {
	key       primaryKey
	condition predicate
	returnOld bool
	noKey     bool // the table has no such key

	// apply returns the item after the write, or nil if there is none.
	apply func(old dynamo.Item) (dynamo.Item, error)
}

// failed returns the item for the error of a failed condition.
func (w write) failed(old dynamo.Item) dynamo.Item {
	if !w.returnOld {
		return nil
	}
	return clone(old)
}

// parts are those of the requests for the four kinds of writes.
type parts struct {
	key               dynamo.Item
	update, condition string
	names             map[string]string
	values            dynamo.Item
}

func (r parts) parse() (actions []action, condition predicate, err error) {
	if r.update == "" && r.condition == "" && len(r.names)+len(r.values) > 0 {
		return nil, nil, invalid("ExpressionAttributeNames can only be specified when using expressions")
	}
	placeholders, err := newPlaceholders(r.names, r.values)
	if err != nil {
		return nil, nil, err
	}
	if actions, err = placeholders.update(r.update); err != nil {
		return nil, nil, err
	}
	if condition, err = placeholders.condition(r.condition); err != nil {
		return nil, nil, err
	}
	return actions, condition, placeholders.unused()
}

func parseUpdate(u dynamo.Update) (write, error) {
	actions, condition, err := parts{u.Key, u.Update, u.Condition, u.Names, u.Values}.parse()
	if err == nil {
		err = checkKey(u.Key)
	}
	return write{key: keyOf(u.Key), condition: condition, returnOld: u.ReturnOld, apply: func(old dynamo.Item) (dynamo.Item, error) {
		updated := clone(old)
		if updated == nil {
			updated = clone(u.Key)
		}
		for _, action := range actions {
			if err := action.apply(old, updated); err != nil {
				return nil, err
			}
		}
		return updated, nil
	}}, err
}

func parsePut(put dynamo.Put) (write, error) {
	_, condition, err := parts{put.Item, "", put.Condition, put.Names, put.Values}.parse()
	if err == nil {
		err = checkItem(put.Item)
	}
	after := func(dynamo.Item) (dynamo.Item, error) { return clone(put.Item), nil }
	return write{key: keyOf(put.Item), condition: condition, returnOld: put.ReturnOld, apply: after}, err
}

func parseDelete(d dynamo.Delete) (write, error) {
	_, condition, err := parts{d.Key, "", d.Condition, d.Names, d.Values}.parse()
	if err == nil {
		err = checkKey(d.Key)
	}
	after := func(dynamo.Item) (dynamo.Item, error) { return nil, nil }
	return write{key: keyOf(d.Key), condition: condition, returnOld: d.ReturnOld, apply: after}, err
}

func parseCheck(c dynamo.Check) (write, error) {
	_, condition, err := parts{c.Key, "", c.Condition, c.Names, c.Values}.parse()
	if err == nil {
		err = checkKey(c.Key)
	}
	if err == nil && c.Condition == "" {
		err = invalid("The ConditionExpression of a ConditionCheck is required")
	}
	after := func(old dynamo.Item) (dynamo.Item, error) { return old, nil }
	return write{key: keyOf(c.Key), condition: condition, returnOld: c.ReturnOld, apply: after}, err
}

func parseWrite(w dynamo.Write) (write, error) {
	set := 0
	for _, isSet := range []bool{w.Put != nil, w.Update != nil, w.Delete != nil, w.Check != nil} {
		if isSet {
			set++
		}
	}
	switch {
	case set != 1:
		return write{}, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	case w.Put != nil:
		return parsePut(*w.Put)
	case w.Delete != nil:
		return parseDelete(*w.Delete)
	case w.Check != nil:
		return parseCheck(*w.Check)
	case w.Update.Update == "":
		return write{}, invalid("The UpdateExpression of an Update is required")
	}
	return parseUpdate(*w.Update)
}

// TransactWrite applies all writes, or none.
func (t *Table) TransactWrite(ctx context.Context, writes []dynamo.Write) error {
	_, err := do(ctx, t, TransactWrite, func() (struct{}, error) { return struct{}{}, t.transact(writes) })
	return err
}

func (t *Table) transact(writes []dynamo.Write) error {
	if len(writes) == 0 || len(writes) > dynamo.MaxWrites {
		return invalid("Member must have length between 1 and 100, both included")
	}
	parsed := make([]write, len(writes))
	keys := map[primaryKey]bool{}
	for i, one := range writes {
		w, err := parseWrite(one)
		w.noKey = errors.Is(err, errSchema)
		if err != nil && !w.noKey {
			return err
		}
		if keys[w.key] {
			return invalid("Transaction request cannot include multiple operations on one item")
		}
		keys[w.key], parsed[i] = true, w
	}
	return t.commit(parsed)
}

// commit applies the writes unless one of them gives a reason against it.
func (t *Table) commit(writes []write) error {
	reasons := make([]dynamo.Reason, len(writes))
	updated := make([]dynamo.Item, len(writes))
	for i, w := range writes {
		updated[i], reasons[i] = w.prepare(t.items[w.key])
	}
	if slices.ContainsFunc(reasons, func(reason dynamo.Reason) bool { return reason.Code != dynamo.ReasonNone }) {
		return &dynamo.TransactionCanceled{Reasons: reasons}
	}
	for i, w := range writes {
		if updated[i] == nil {
			delete(t.items, w.key)
		} else {
			t.items[w.key] = updated[i]
		}
	}
	return nil
}

// prepare returns the item after the write, or a reason against it.
func (w write) prepare(old dynamo.Item) (dynamo.Item, dynamo.Reason) {
	if w.noKey {
		return nil, dynamo.Reason{Code: dynamo.ReasonValidation}
	}
	if !w.condition(old) {
		return nil, dynamo.Reason{Code: dynamo.ReasonConditionFailed, Item: w.failed(old)}
	}
	updated, err := w.apply(old)
	if err != nil {
		return nil, dynamo.Reason{Code: dynamo.ReasonValidation}
	}
	return updated, dynamo.Reason{Code: dynamo.ReasonNone}
}
