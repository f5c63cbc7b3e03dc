package env

import (
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/survey"
)

func TestPlan(t *testing.T) {
	parts := []survey.Part{
		{Name: survey.Kubernetes, Work: 4 * time.Minute},
		{Name: survey.Engine, Work: time.Minute},
		{Name: survey.Vault, Wait: 10 * time.Second},
		{Name: survey.Program, Work: 2 * time.Minute},
	}
	for name, test := range map[string]struct {
		inStages, deployed, slow bool
		want                     []string
		deploy, checks           float64
	}{
		"first, in stages": {
			true, false, true,
			[]string{"engine", "program", "kubernetes", "vault", "deploy to AWS", "requests", "deploy", "checks"},
			deployRestTime, checksTime + slowChecksTime,
		},
		"first, at once": {false, false, true, []string{"engine", "program", "kubernetes", "vault", "deploy", "checks"}, deployAllTime, checksTime + slowChecksTime},
		"brief":          {false, false, false, []string{"engine", "program", "kubernetes", "vault", "deploy", "checks"}, deployAllTime, checksTime},
		"again":          {false, true, true, []string{"engine", "program", "kubernetes", "vault", "deploy", "checks"}, unchangedTime, checksTime},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			got := map[string]progress.Part{}
			for _, part := range plan(parts, test.inStages, test.deployed, test.slow) {
				names = append(names, part.Name)
				got[part.Name] = part
			}
			if !slices.Equal(names, test.want) {
				t.Errorf("got %v, want %v", names, test.want)
			}
			if got["engine"].Work != 60 || got["vault"].Wait != 10 {
				t.Errorf("the parts' times are lost: %+v", got)
			}
			if got["deploy"].Wait != test.deploy || got["checks"].Wait != test.checks || !slices.Contains(got["deploy"].After, "kubernetes") {
				t.Errorf("got %+v and %+v", got["deploy"], got["checks"])
			}
			if test.inStages && (slices.Contains(got["deploy to AWS"].After, "kubernetes") || !slices.Contains(got["deploy to AWS"].After, "engine")) {
				t.Errorf("the first stage waits for %v", got["deploy to AWS"].After)
			}
			if test.inStages != (got["requests"].Milestone != "") {
				t.Errorf("the first response is no milestone: %+v", got["requests"])
			}
		})
	}
}
