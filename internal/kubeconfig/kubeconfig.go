// Package kubeconfig makes of the kubeconfig that the settings name one that needs no
// file of this machine and holds the credentials of one cluster.
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
	// Content is JSON. It has credentials in it, or says how to get some.
	Content string
	Context string // its name
}

// IsContent tells the content of a kubeconfig from the path of one.
func IsContent(given string) bool { return strings.ContainsAny(given, "\n{") }

// Load reads a kubeconfig, given by its path or its content, and takes out of it the
// context of that name, or else its current one.
//
// Pulumi's Kubernetes provider keeps in its state what it is given. A path would be
// read again on the next machine, which may not have the file, and the provider then
// refuses each command, the one that would correct the path included. A whole file
// would leave the credentials of unrelated clusters in the state.
//
// No error quotes what is in the kubeconfig, but for names of contexts and files.
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
		return Kubeconfig{}, errors.New("the kubeconfig is no YAML")
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
	text, err := json.Marshal(one)
	if err != nil {
		return Kubeconfig{}, errors.New("the kubeconfig has values that no kubeconfig has")
	}
	return Kubeconfig{Content: string(text), Context: context}, nil
}

// expand replaces the ~ that only a shell knows.
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

// file is a kubeconfig. What is in its parts is kept as it is.
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

// reduce leaves out all that a context doesn't use. A context may have no user.
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

// missing is an error of the file that a kubeconfig names.
func missing(key, path string, err error) error {
	if failure := (*fs.PathError)(nil); errors.As(err, &failure) {
		err = failure.Err
	}
	return fmt.Errorf("the kubeconfig names %s as its %s, which can't be read: %w", path, key, err)
}
