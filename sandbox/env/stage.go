package env

import "context"

// stage selects the servers that a deployment is to.
type stage int

const (
	// onAWS leaves out the certificates and the workload, which are in Vault and Kubernetes.
	onAWS stage = iota
	everything
)

// step returns the name of the step that deploys.
func (s stage) step() string {
	if s == onAWS {
		return "deploy to AWS"
	}
	return "deploy"
}

// of returns those of the running servers that the stage deploys to, and whether all of
// these run.
func (s stage) of(running Servers) (servers Servers, all bool) {
	if s == onAWS {
		return Servers{Cloud: running.Cloud}, running.hasAWS()
	}
	return running, running.hasAWS() && running.hasOthers()
}

// open makes the stack ready for a deployment to the running servers of a stage.
func (s *starter) open(ctx context.Context, to stage) (Environment, error) {
	servers, all := to.of(Find(s.Layout))
	if !all {
		return Environment{}, ErrNotRunning
	}
	e, run, err := environment(ctx, s.Layout, servers, s.show.Say)
	if err != nil {
		return Environment{}, err
	}
	return e, e.Stack.Open(ctx, run.Instances)
}

// work is under way beside its caller.
type work struct {
	done chan struct{}
	err  error
}

func begin(f func() error) *work {
	w := &work{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = f()
	}()
	return w
}

// wait waits for the end, and returns the error.
func (w *work) wait() error {
	<-w.done
	return w.err
}

// ended reports whether the work has ended.
func (w *work) ended() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}
