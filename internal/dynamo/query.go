package dynamo

// The names of the attributes that are a table's primary key. Both are strings.
const (
	PartitionKey = "pk"
	SortKey      = "sk"
)

// Query selects the items of a partition by their sort keys. From and To are inclusive;
// an empty one is no bound.
type Query struct {
	Partition string
	From      string
	To        string
}

// expression returns the query's key condition, with its names and values.
func (q Query) expression() (condition string, names map[string]string, values Item) {
	condition = "#pk = :pk"
	names = map[string]string{"#pk": PartitionKey}
	values = Item{":pk": String(q.Partition)}
	if q.From != "" {
		values[":from"] = String(q.From)
	}
	if q.To != "" {
		values[":to"] = String(q.To)
	}
	switch {
	case q.From != "" && q.To != "":
		condition += " AND #sk BETWEEN :from AND :to"
	case q.From != "":
		condition += " AND #sk >= :from"
	case q.To != "":
		condition += " AND #sk <= :to"
	default:
		return condition, names, values
	}
	names["#sk"] = SortKey
	return condition, names, values
}
