package dynamo

import "strings"

// ConditionFailed is the error of an update whose condition the item fails. After a
// retry, an earlier attempt of the same update may be the reason.
type ConditionFailed struct {
	// Item is the item that failed, if the update asked for it. It is nil if there is
	// none.
	Item Item
}

// Error implements error. It has nothing of the item.
func (*ConditionFailed) Error() string { return "the item fails the condition of the write" }

// GoString implements [fmt.GoStringer], so that the item is printed in no way.
func (e *ConditionFailed) GoString() string { return e.Error() }

// Codes of the reasons for which a transaction is canceled, of which there are more.
const (
	ReasonNone            = "None" // this write isn't the reason
	ReasonConditionFailed = "ConditionalCheckFailed"
	ReasonConflict        = "TransactionConflict"
	ReasonValidation      = "ValidationError"
)

// Reason says why one of a transaction's writes canceled it.
type Reason struct {
	Code string

	// Item is the item that failed the condition, if the write asked for it. It is nil
	// if there is none.
	Item Item
}

// TransactionCanceled is the error of a transaction of which nothing was written.
type TransactionCanceled struct {
	// Reasons has one reason for each write, in their order.
	Reasons []Reason
}

// Error implements error. It has nothing of the items.
func (e *TransactionCanceled) Error() string {
	codes := make([]string, len(e.Reasons))
	for i, reason := range e.Reasons {
		codes[i] = reason.Code
	}
	return "the transaction is canceled: " + strings.Join(codes, ", ")
}

// GoString implements [fmt.GoStringer], so that the items are printed in no way.
func (e *TransactionCanceled) GoString() string { return e.Error() }

// ConditionFailed reports whether the condition of the write with this index failed.
func (e *TransactionCanceled) ConditionFailed(index int) bool {
	return index < len(e.Reasons) && e.Reasons[index].Code == ReasonConditionFailed
}
