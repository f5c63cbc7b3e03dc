package costs

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func table(mode string) Resource {
	return resource("aws:dynamodb/table:Table", map[string]property.Value{"billingMode": property.New(mode)})
}

func TestRequestsOfClients(t *testing.T) {
	stack := []Resource{lambda("model", 256), lambda("model-stream", 256), lambda("authorizer", 256)}
	for name, bill := range map[string]func([]Resource) ([]Item, error){
		"in one piece": func(all []Resource) ([]Item, error) { return list(t).PerMillion(all, Usual, 5*time.Minute, 0) },
		"streamed": func(all []Resource) ([]Item, error) {
			return list(t).StreamedPerMillion(all, Streamed, 5*time.Minute, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			open, err := bill(stack)
			require.NoError(t, err)
			keyed, err := bill(append([]Resource{table("PAY_PER_REQUEST")}, stack...))
			require.NoError(t, err)
			assert.InDelta(t, 3*0.625, find(t, keyed, "Clients, writes").USD, 1e-9)
			assert.InDelta(t, 0.002*0.125, find(t, keyed, "Clients, reads").USD, 1e-9)
			assert.InDelta(t, 3*0.625+0.002*0.125, Total(keyed)-Total(open), 1e-9, "nothing else")

			_, err = bill(append([]Resource{table("PROVISIONED")}, stack...))
			require.ErrorContains(t, err, `billing mode "PROVISIONED"`)
		})
	}
}

func TestTableCostsNothingAtRest(t *testing.T) {
	items, err := list(t).AtRest([]Resource{table("PAY_PER_REQUEST"), resource("aws:dynamodb/tableItem:TableItem", nil)})
	require.NoError(t, err)
	assert.Zero(t, Total(items))
	_, err = list(t).AtRest([]Resource{resource("aws:dynamodb/globalTable:GlobalTable", nil)})
	require.ErrorContains(t, err, "unknown")
}
