// Package kubeconfig reduces a kubeconfig to one context and inlines the files it refers
// to. Package stack passes the result to Pulumi's Kubernetes provider.
package kubeconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// Kubeconfig is a kubeconfig with one context, its cluster and its user.
type Kubeconfig struct {
	// Content is JSON. It has credentials, or a command to get them.
	Content string
	Context string // name of the context
}

// IsContent reports whether given is the content of a kubeconfig, not a path.
func IsContent(given string) bool { return strings.ContainsAny(given, "\n{") }

// Load reads a kubeconfig, given as a path or as content, and reduces it to the context of
// that name, or to its current one.
//
// Pulumi's Kubernetes provider keeps its inputs in the state. A path would be read again
// on the next machine, which may not have the file, and the provider would then fail every
// command, including one that corrects the path. A whole file would put the credentials of
// unrelated clusters into the state.
//
// Errors quote nothing of the kubeconfig but names of contexts and files.
func Load(given, context string) (Kubeconfig, error) {
	folder, content := ".", []byte(given)
	if !IsContent(given) {
		path, err := expand(given)
		if err != nil {
			return Kubeconfig{}, err
		}
		if content, err = os.ReadFile(path); err != nil {
			return Kubeconfig{}, fmt.Errorf("the kubeconfig can't be read: %w", err)
		}
		folder = filepath.Dir(path)
	}
	var whole file
	if err := yaml.Unmarshal(content, &whole); err != nil {
		return Kubeconfig{}, errors.New("the kubeconfig is not valid YAML")
	}
	if context == "" {
		context = whole.CurrentContext
	}
	one, err := whole.reduce(context)
	if err != nil {
		return Kubeconfig{}, err
	}
	if err := one.include(folder); err != nil {
		return Kubeconfig{}, err
	}
	reduced, err := json.Marshal(one)
	if err != nil {
		return Kubeconfig{}, errors.New("the kubeconfig has values that JSON can't represent")
	}
	return Kubeconfig{Content: string(reduced), Context: context}, nil
}

// expand replaces a leading ~ by the home directory, as a shell does.
func expand(path string) (string, error) {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("the kubeconfig %s: %w", path, err)
	}
	return filepath.Join(home, path[1:]), nil
}

// file is a kubeconfig. Clusters, users and contexts keep all their fields.
type file struct {
	APIVersion     string    `json:"apiVersion" yaml:"apiVersion"`
	Kind           string    `json:"kind" yaml:"kind"`
	CurrentContext string    `json:"current-context" yaml:"current-context"`
	Contexts       []context `json:"contexts" yaml:"contexts"`
	Clusters       []cluster `json:"clusters" yaml:"clusters"`
	Users          []user    `json:"users" yaml:"users"`
}

type context struct {
	Name    string         `json:"name" yaml:"name"`
	Context map[string]any `json:"context" yaml:"context"`
}

type cluster struct {
	Name    string         `json:"name" yaml:"name"`
	Cluster map[string]any `json:"cluster" yaml:"cluster"`
}

type user struct {
	Name string         `json:"name" yaml:"name"`
	User map[string]any `json:"user" yaml:"user"`
}

// reduce returns the kubeconfig with only what a context uses. A context may have no user.
func (f file) reduce(name string) (file, error) {
	one := file{APIVersion: "v1", Kind: "Config", CurrentContext: name}
	for _, c := range f.Contexts {
		if c.Name == name && len(one.Contexts) == 0 {
			one.Contexts = append(one.Contexts, c)
		}
	}
	if len(one.Contexts) == 0 {
		return file{}, fmt.Errorf("the kubeconfig has no context %q", name)
	}
	used := one.Contexts[0].Context
	for _, c := range f.Clusters {
		if c.Name == used["cluster"] && len(one.Clusters) == 0 {
			one.Clusters = append(one.Clusters, c)
		}
	}
	if len(one.Clusters) == 0 {
		return file{}, fmt.Errorf("the kubeconfig's context %q names no cluster that is in it", name)
	}
	for _, u := range f.Users {
		if u.Name == used["user"] && len(one.Users) == 0 {
			one.Users = append(one.Users, u)
		}
	}
	if len(one.Users) == 0 && used["user"] != nil {
		return file{}, fmt.Errorf("the kubeconfig's context %q names no user that is in it", name)
	}
	return one, nil
}

// missing returns the error for a file that a kubeconfig refers to.
func missing(key, path string, err error) error {
	if failure := (*fs.PathError)(nil); errors.As(err, &failure) {
		err = failure.Err
	}
	return fmt.Errorf("the kubeconfig names %s as its %s, which can't be read: %w", path, key, err)
}
