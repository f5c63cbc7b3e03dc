package accesslogs

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

func TestWhatIsPutByItsNameIsDeletedBeforeItIsReplaced(t *testing.T) {
	recorder := run(t, config.AccessLogs{Enabled: true})
	for _, token := range []string{
		"aws:cloudwatch/logDeliverySource:LogDeliverySource",
		"aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
	} {
		assert.True(t, recorder.Only(t, token).Request.GetDeleteBeforeReplace(), token)
	}
}
