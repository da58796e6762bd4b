"""The policies of ``infra/policies`` as a CrossGuard pack, for whoever runs Pulumi by hand.

``pulumi preview --policy-pack policy`` checks them inside the engine, whatever the pull request's
guard would say.
"""
