"""Writes what surrounds the code from the declarations: the AWS resources and the database roles.

Every module takes the declared features and knows none of them by name.
"""
