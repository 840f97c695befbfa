// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ContentId} from "./ContentId.sol";

/// @title Editions of one maker's works
/// @notice A work in several copies: the id is the SHA-256 of its metadata file, so that nothing but the copies themselves is stored.
contract AigcEdition is ERC1155 {
    /// @notice Who mints.
    address public immutable maker;

    error EmptyDigest();
    error NotTheMaker(address caller);
    error EmptyAddress();

    constructor(address maker_) ERC1155("") {
        if (maker_ == address(0)) revert EmptyAddress();
        maker = maker_;
    }

    /// @notice Mints copies of a work to `to`, without asking it; the maker only.
    function mint(address to, bytes32 metadata, uint256 copies) external {
        if (msg.sender != maker) revert NotTheMaker(msg.sender);
        if (metadata == 0) revert EmptyDigest();
        if (to == address(0)) revert EmptyAddress();
        uint256[] memory ids = new uint256[](1);
        uint256[] memory amounts = new uint256[](1);
        (ids[0], amounts[0]) = (uint256(metadata), copies);
        _update(address(0), to, ids, amounts);
    }

    /// @notice Where the metadata of an edition is.
    function uri(uint256 id) public pure override returns (string memory) {
        return ContentId.uri(bytes32(id));
    }
}
