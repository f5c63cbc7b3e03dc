package workload

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/inference"
)

// rolloutSlack is for nodes that come up and images that are pulled.
const rolloutSlack = 10 * time.Minute

// rollout is how long Pulumi waits for so many pods. They are replaced one after the
// other, each only when the one before is ready: it may take all of its time to start
// and to become a healthy target, and the one that goes all of its time to end.
func rollout(replicas int) time.Duration {
	each := startup.time() + inference.TargetDelay + grace*time.Second
	return time.Duration(replicas)*each + rolloutSlack
}
