package verify

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

func TestTableClients(t *testing.T) {
	table, now := dynamotest.New(), time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	c := NewTableClients(table, func() time.Time { return now })
	admin := clientadmin.Admin{Table: table, Now: func() time.Time { return now }}

	text, err := c.Create(t.Context())
	require.NoError(t, err)
	key, err := credential.Parse(text.Reveal())
	require.NoError(t, err)
	record, keys, err := admin.Client(t.Context(), c.name)
	require.NoError(t, err)
	assert.True(t, record.Has(key.Digest().ID()))
	assert.True(t, record.Inference)
	assert.Equal(t, "0.05usd/once", record.Budget.String())
	assert.Equal(t, now.Add(time.Hour), record.Expires.UTC())
	require.Len(t, keys, 1)
	assert.Equal(t, now.Add(time.Hour), keys[0].Expires.UTC())

	require.NoError(t, c.Revoke(t.Context()))
	record, _, err = admin.Client(t.Context(), c.name)
	require.NoError(t, err)
	assert.Empty(t, record.Keys)
	require.NoError(t, c.Delete(t.Context()))
	all, err := admin.Clients(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all)
}

// losing is a table of which some replies are lost: the writes have been made.
type losing struct {
	*dynamotest.Table

	lost int // the first writes
}

func (l *losing) TransactWrite(ctx context.Context, writes []dynamo.Write) error {
	err := l.Table.TransactWrite(ctx, writes)
	if l.lost--; err == nil && l.lost >= 0 {
		return errors.New("connection reset")
	}
	return err
}

func TestAClientThatMayHaveBeenMadeIsDeleted(t *testing.T) {
	table := &losing{Table: dynamotest.New(), lost: 1}
	c := NewTableClients(table, time.Now)
	_, err := c.Create(t.Context())
	require.ErrorContains(t, err, "connection reset")
	all, err := clientadmin.Admin{Table: table, Now: time.Now}.Clients(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestClientsHaveNamesOfTheirOwn(t *testing.T) {
	assert.NotEqual(t, NewTableClients(nil, time.Now).name, NewTableClients(nil, time.Now).name)
}
