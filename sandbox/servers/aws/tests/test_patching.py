import types
import unittest
from unittest import mock

from gatehouse_cloud import patching


class PatchingTest(unittest.TestCase):
    def setUp(self):
        self.module = types.SimpleNamespace(__name__="module", greet=lambda name, loud=False: f"hello {name}")

    def test_an_extension_stands_in_and_can_call_the_original(self):
        patching.extend(self.module, "greet", lambda original, name, loud: original(name) + "!")
        self.assertEqual(self.module.greet("you", loud=True), "hello you!")

    def test_it_binds_as_a_method(self):
        class Owner:
            def double(self, value):
                return 2 * value

        patching.extend(Owner, "double", lambda original, self, value: original(self, value) + 1)
        self.assertEqual(Owner().double(3), 7)

    def test_a_missing_name_is_refused(self):
        for change in (patching.extend, patching.assign):
            with self.assertRaisesRegex(patching.Incompatible, "no module.part"):
                change(self.module, "part", lambda original: None)

    def test_other_parameters_are_refused(self):
        with self.assertRaisesRegex(patching.Incompatible, "takes .*loud"):
            patching.extend(self.module, "greet", lambda original, name: original(name))

    def test_a_wrapper_takes_the_parameters_it_needs(self):
        patching.wrap(self.module, "greet", lambda proceed, name: proceed() if name else proceed(name="you"))
        self.assertEqual((self.module.greet(name="me"), self.module.greet("", loud=True)), ("hello me", "hello you"))

    def test_a_wrapper_with_another_parameter_is_refused(self):
        with self.assertRaisesRegex(patching.Incompatible, "takes .*loud.* also .*place"):
            patching.wrap(self.module, "greet", lambda proceed, place: proceed())

    def test_a_wrapper_can_be_extended(self):
        patching.wrap(self.module, "greet", lambda proceed: proceed() + "!")
        patching.extend(self.module, "greet", lambda original, name, loud=False: original(name, loud) + "?")
        self.assertEqual(self.module.greet("you"), "hello you!?")

    def test_an_entry_of_a_table_is_extended_as_strictly(self):
        table = {"Greet": self.module.greet}
        patching.extend_entry(table, "Greet", lambda original, name, loud=False: original(name) + "!")
        self.assertEqual(table["Greet"]("you"), "hello you!")
        with self.assertRaisesRegex(patching.Incompatible, "no action Part"):
            patching.extend_entry(table, "Part", lambda original: None)
        with self.assertRaisesRegex(patching.Incompatible, "takes .*loud"):
            patching.extend_entry(table, "Greet", lambda original, name: original(name))

    def test_another_release_is_refused(self):
        with mock.patch("importlib.metadata.version", return_value="1.6.0"):
            with self.assertRaisesRegex(patching.Incompatible, "1.6.0 is installed here"):
                patching.check_version()
